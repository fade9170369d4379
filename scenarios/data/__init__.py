"""World files: the markets an exchange lists, one JSON file a world."""

"""See the module names of this folder; imported as `hlsim.matching`."""

if __name__ != "hlsim.matching":
    raise ImportError("import hlsim.matching, not matching")

"""See the module names of this folder; imported as `hlsim.server`."""

if __name__ != "hlsim.server":
    raise ImportError("import hlsim.server, not server")

"""See the module names of this folder; imported as `hlsim.sim`."""

if __name__ != "hlsim.sim":
    raise ImportError("import hlsim.sim, not sim")

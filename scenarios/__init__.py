"""See the module names of this folder; imported as `hlsim.scenarios`."""

if __name__ != "hlsim.scenarios":
    raise ImportError("import hlsim.scenarios, not scenarios")

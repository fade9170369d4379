"""The scenarios that come with hlsim, one file each."""

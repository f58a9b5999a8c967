"""The stages of a diagnosis, each against the seams of `instruments`; `diagnosis` orders them."""

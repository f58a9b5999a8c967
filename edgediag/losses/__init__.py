"""What is counted: packets lost at times, at which pace, where that begins and who shares it."""

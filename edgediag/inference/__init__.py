"""From evidence to verdicts: small named rules, then one combination of what they found."""

"""The nouns: frozen values named as the field names them, with no behaviour of their own."""

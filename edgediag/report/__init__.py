"""The output formats: one module each, `render(report)` in every one of them."""

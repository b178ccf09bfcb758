"""Pages for the browser's tests, and what is measured in them."""

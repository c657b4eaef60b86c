"""Loops as one commonly meets them: correct, and written without a thought of speed."""

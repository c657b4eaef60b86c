"""The mathematics, experiments, checks and figures of the document.

Data flows one way: mathematics, experiments, checks and figures, page.
"""

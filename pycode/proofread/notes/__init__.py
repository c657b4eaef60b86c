"""Displayed formulas of other people: every display is read, and translated into our letters and spelling."""

"""What the document shows: ``draw(figure, result)`` of a module draws one figure."""

"""From a file to passages that can be searched: read, cut, embed, store."""

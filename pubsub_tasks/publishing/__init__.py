"""Publishing: from content to a topic. Knows transports by their protocols, and nothing of consuming."""

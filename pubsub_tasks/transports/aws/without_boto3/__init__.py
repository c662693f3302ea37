"""Makes the hot calls before boto3 is loaded, with keys that boto3 would find too."""

"""The same edit as `rotate`, with ruamel.yaml."""
import sys

from ruamel.yaml import YAML

yaml = YAML()
with open(sys.argv[1]) as file:
    document = yaml.load(file)
keys = document["client_auth"]["jwks"]["keys"]
keys[0]["exp"] = 1796083200
keys.insert(0, {"kty": "oct", "alg": "HS256", "kid": "new", "k": "c2VjcmV0"})
yaml.dump(document, sys.stdout)

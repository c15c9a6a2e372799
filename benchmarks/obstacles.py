"""What stands in the way of aims that are missed, by the key of their row; kept by hand, printed only where missed."""

OBSTACLES = {
    "http_create": "HTTP itself, the check of the token's signature, the count of the request and the reading of the"
    " roles cost about as much as the write; the limit has none of them.",
    "http_update": "As for creating.",
    "page": "Middleware, the token, the count of the request, the roles and the program come before the page; the limit"
    " has none of them.",
}
UNEXPLAINED = "Not looked into yet."

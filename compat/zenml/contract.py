"""Stands between ZenML's programs and Tenantry, and holds what they say to each other against the contract.

Usage: contract.py CONTRACT TARGET REPORT

Passes every request on to TARGET unchanged, and prints its own address once it listens. Each exchange is a line of
REPORT: an object with `operation` (null where the contract knows none), `status`, and `fault`: what does not fit, or null.
"""

import http.client
import json
import re
import sys
import threading
from urllib.parse import urlsplit

import yaml
from openapi_core import OpenAPI
from openapi_core.contrib.werkzeug import WerkzeugOpenAPIRequest, WerkzeugOpenAPIResponse
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

# Of one connection each, not of what it carries (RFC 9110, section 7.6.1).
HOPS = {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}


# What is no part of this dialect: another one, the pages for browsers, and what machines ask.
OUTSIDE = ("/api/v1/", "/login", "/oauth2/", "/readyz")


class Passage:
    """A WSGI application."""

    def __init__(self, contract, target, report):
        with open(contract) as file:
            document = yaml.safe_load(file)
        # The second one, below a prefix, would match everything.
        document["servers"] = [{"url": "/"}]
        self.contract = OpenAPI.from_dict(document)
        # Those with the fewest parameters first: what is named beats what stands for anything.
        self.paths = sorted(document["paths"].items(), key=lambda path: path[0].count("{"))
        self.target = urlsplit(target)
        self.report = open(report, "a", buffering=1)
        self.writing = threading.Lock()

    def __call__(self, environ, start_response):
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        try:
            response = self.passed_on(request)
        except ConnectionError:
            # Nobody listens yet: nothing was said.
            return Response("nobody listens there\n", 502)(environ, start_response)
        line = self.judged(request, response)
        with self.writing:
            self.report.write(json.dumps(line) + "\n")
        return response(environ, start_response)

    def passed_on(self, request):
        connection = http.client.HTTPConnection(self.target.hostname, self.target.port, timeout=120)
        # As it came: what a framework has decoded is not what was sent.
        address = request.environ["REQUEST_URI"]
        headers = {name: value for name, value in request.headers if name.lower() not in HOPS}
        connection.request(request.method, address, request.get_data(), headers)
        answer = connection.getresponse()
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOPS]
        response = Response(answer.read(), answer.status, kept)
        connection.close()
        return response

    def operation(self, request):
        for template, methods in self.paths:
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), request.path):
                return methods.get(request.method.lower(), {}).get("operationId")
        return None

    def judged(self, request, response):
        asked, answered = WerkzeugOpenAPIRequest(request), WerkzeugOpenAPIResponse(response)
        line = {"operation": self.operation(request), "status": response.status_code, "fault": None}
        if line["operation"] is None:
            if not request.path.startswith(OUTSIDE):
                line["fault"] = f"the contract has no {request.method} {request.path}"
            return line
        try:
            # What the server refuses may be what the contract refuses.
            if response.status_code < 400:
                self.contract.validate_request(asked)
            self.contract.validate_response(asked, answered)
        except Exception as error:
            line["fault"] = told(error)
        return line


def told(error):
    """An error with its causes: the outermost only says that something is wrong."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        for inner in getattr(error, "schema_errors", None) or ():
            texts.append(f"{inner.json_path}: {inner.message}")
        error = error.__cause__
    return "; ".join(texts)


class Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, kind, message, *arguments):
        if kind == "error":
            super().log(kind, message, *arguments)


contract, target, report = sys.argv[1:]
server = make_server("127.0.0.1", 0, Passage(contract, target, report), threaded=True, request_handler=Quiet)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()

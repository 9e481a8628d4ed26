# Calls a greeter with Python's grpcio, in every way that a test asks about, and
# prints what it got as one JSON object.
#
# Usage: grpcio-client.py host:port descriptors, the latter a file that
# `buf build` wrote.

import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

address, descriptors = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(descriptors, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)
factory = message_factory.MessageFactory(pool)


def message(name):
    return factory.GetPrototype(pool.FindMessageTypeByName("greeter.v1." + name))


HelloRequest = message("HelloRequest")
# Whatever goes wrong here ends as well.
LIMIT_SECONDS = 20


def method(kind, name):
    return kind(
        "/greeter.v1.GreeterService/" + name,
        request_serializer=message(name + "Request").SerializeToString,
        response_deserializer=message(name + "Response").FromString,
    )


def failure(call):
    try:
        call()
    except grpc.RpcError as error:
        found = {"code": error.code().name, "message": error.details()}
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                # google.rpc.Status: its details are in field 3, each an Any.
                found["hasDetail"] = HelloRequest(name="anybody").SerializeToString() in value
            if key == "x-reason":
                found["reason"] = value
        return found
    return None


with grpc.insecure_channel(address) as channel:
    hello = method(channel.unary_unary, "Hello")
    countdown = method(channel.unary_stream, "Countdown")
    hello_all = method(channel.stream_unary, "HelloAll")
    chat = method(channel.stream_stream, "Chat")

    metadata = (("x-text", "plain"), ("x-some-bin", b"\x00\xff\x07"))
    answer, call = hello.with_call(
        HelloRequest(name="john"), metadata=metadata, timeout=LIMIT_SECONDS
    )
    start = message("CountdownRequest")(name="john", **{"from": 3})
    names = [message("HelloAllRequest")(name=name) for name in ("ann", "bob")]
    lines = [message("ChatRequest")(line=line) for line in ("one", "two")]
    sentence = hello_all(iter(names), timeout=LIMIT_SECONDS)
    long = "x" * 1_000_000
    result = {
        "greeting": answer.greeting,
        "header": dict(call.initial_metadata()).get("x-text"),
        "trailer": list(dict(call.trailing_metadata()).get("x-some-bin", b"")),
        "countdown": [it.line for it in countdown(start, timeout=LIMIT_SECONDS)],
        "sentence": [sentence.greeting, sentence.count],
        "chat": [it.line for it in chat(iter(lines), timeout=LIMIT_SECONDS)],
        "error": failure(
            lambda: hello(HelloRequest(name="nobody"), timeout=LIMIT_SECONDS)
        ),
        "deadline": failure(lambda: hello(HelloRequest(name="waits"), timeout=0.2)),
        "length": len(
            hello(
                HelloRequest(name=long),
                timeout=LIMIT_SECONDS,
                compression=grpc.Compression.Gzip,
            ).greeting
        ),
        "many": len(
            [
                it.result()
                for it in [
                    hello.future(HelloRequest(name=str(i)), timeout=LIMIT_SECONDS)
                    for i in range(100)
                ]
            ]
        ),
    }
print(json.dumps(result))

"""Loop: the bare boto3 loop, which prints when it received each message, by `time.perf_counter`.

It ends when it is killed, and imports what such a loop needs and no more, since its start is measured too.
"""

import sys
import time

import boto3


def main(url: str) -> None:
    client = boto3.client("sqs")
    while True:
        answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        for message in answer.get("Messages", []):
            print(time.perf_counter(), flush=True)
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


if __name__ == "__main__":
    main(sys.argv[1])

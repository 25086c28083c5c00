"""Changes the queue orders of a simulation of SQS (moto).

Usage: sqs_queue.py ADDRESS create | send COUNT | purge
"""

import sys

import boto3

sqs = boto3.client(
    "sqs", endpoint_url=sys.argv[1], region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
if sys.argv[2] == "send":
    for number in range(int(sys.argv[3])):
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))
if sys.argv[2] == "purge":
    sqs.purge_queue(QueueUrl=queue)
print("done")

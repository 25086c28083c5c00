"""Makes a queue and a metric on a server of moto: usage fill_moto.py ADDRESS."""

import datetime
import sys

import boto3

place = {"endpoint_url": sys.argv[1], "region_name": "eu-west-1", "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
         "aws_secret_access_key": "canary"}
sqs = boto3.client("sqs", **place)
queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
for number in range(7):
    sqs.send_message(QueueUrl=queue, MessageBody=str(number))
# These are in flight then, and count as well.
sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2)
now = datetime.datetime.now(datetime.timezone.utc)
boto3.client("cloudwatch", **place).put_metric_data(Namespace="Shop", MetricData=[
    {"MetricName": "Depth", "Value": value, "Timestamp": now - datetime.timedelta(minutes=age),
     "Dimensions": [{"Name": "Queue", "Value": "orders"}]}
    for age, value in ((5, 90), (2, 17.5))
])
print("filled")

set -e
git add Sources/AWSAuth Sources/SourceSupport Sources/HTTPTransport Plugins/prometheus Plugins/http/Request Plugins/http/Config Plugins/http/HTTPPlugin.swift Package.swift scripts/modules.tsv docs/explanation/architecture.md Tests/AWSAuthTests Tests/HTTPPluginTests Tests/PrometheusPluginTests Tests/HTTPTransportTests Tests/TestSupport Tests/Fixtures/verify_aws_signature.py docs/reference/plugins/http.md docs/reference/plugins/recipes/README.md docs/reference/plugins/recipes/sqs.md docs/reference/plugins/recipes/cloudwatch.md
git commit -qm "Sign requests for AWS in this project, as AWS documents it

libcurl signs encoded paths and some queries in another way than AWS, so that such URLs were refused. AWSAuth makes the canonical
request itself. AWS's published test suite and its own library check the signatures."
git add Sources/Operator/Secrets Sources/Operator/Readings Sources/ScalerAPI/Config Sources/PluginHost Sources/generalscaler Tests/OperatorTests Tests/PluginHostTests Tests/CommandTests docs/how-to/secrets.md
git commit -qm "Report mistakes in the defaults of plugins.yaml where they are

A malformed reference is found when the file is read. Messages about values of the defaults name the field of plugins.yaml, and do not
hide mistakes of the scaler. Defaults that the operator fills in are refused. Scalers with different lifetimes share one token."
git add Sources/ScalerAPI Tests/ScalerAPITests
git commit -qm "Report all problems of formulas at once"
git add docs scripts Tests/PluginConformanceTests Package.swift
git commit -qm "Put every source into one table, and compare the conformance of plugins with a run"
git add -A
git commit -qm "Simulate the metrics API and Jobs, divide CPU exactly, and say how to fix more errors of sources"
git log --oneline | head -6; git status --short | head

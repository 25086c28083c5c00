module example.com/generalscaler/sdk/go

go 1.19

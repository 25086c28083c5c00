module generalscaler-plugin-minute

go 1.19

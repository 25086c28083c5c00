{{- /* The ServiceAccount as which the kubernetes plugin calls the API server. */}}
{{- define "generalscaler.kubernetesAccount" -}}
{{- include "generalscaler.shortened" (list (printf "%s-kubernetes" (include "generalscaler.fullname" .)) 63) }}
{{- end }}

{{- /* Its entry in plugins.yaml, which plugins.config can extend, but not change. */}}
{{- define "generalscaler.kubernetesEntry" -}}
defaults:
  address: https://kubernetes.default.svc
  tls:
    ca: /etc/generalscaler-kubernetes/ca.crt
  token:
    valueFrom:
      serviceAccountToken:
        serviceAccountName: {{ include "generalscaler.kubernetesAccount" . }}
readPaths: [/etc/generalscaler-kubernetes]
{{- end }}

{{- /* What the plugin reads in every namespace that the operator manages. */}}
{{- define "generalscaler.kubernetesRules" -}}
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
- apiGroups: [metrics.k8s.io]
  resources: [pods]
  verbs: [list]
# Their resources are the names of metrics and of what they describe.
- apiGroups: [custom.metrics.k8s.io]
  resources: ["*"]
  verbs: [get]
- apiGroups: [external.metrics.k8s.io]
  resources: ["*"]
  verbs: [list]
{{- range .Values.kubernetesPlugin.objects }}
- apiGroups: [{{ .apiGroup | quote }}]
  resources: [{{ .resource | quote }}]
  verbs: [list]
{{- end }}
{{- end }}

{{- define "generalscaler.kubernetesSubjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "generalscaler.kubernetesAccount" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "generalscaler.checkKubernetesPlugin" -}}
{{- range $index, $kind := .Values.kubernetesPlugin.objects }}
{{- include "generalscaler.checkTargetKind" (list (printf "kubernetesPlugin.objects[%d]" $index) $kind) }}
{{- if and (eq .apiGroup "") (eq .resource "secrets") }}
{{- fail (printf "kubernetesPlugin.objects[%d] is secrets: to list them is to read them, so remove it" $index) }}
{{- end }}
{{- end }}
{{- end }}

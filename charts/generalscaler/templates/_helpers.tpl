{{- define "generalscaler.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- /* A release that is called generalscaler does not become generalscaler-generalscaler. */}}
{{- define "generalscaler.fullname" -}}
{{- $name := include "generalscaler.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "generalscaler.selectorLabels" -}}
app.kubernetes.io/name: {{ include "generalscaler.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "generalscaler.labels" -}}
{{ include "generalscaler.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "generalscaler.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "generalscaler.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "set serviceAccount.name to the service account to use, or serviceAccount.create to true" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "generalscaler.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* What the operator may do in every namespace that it looks after. */}}
{{- define "generalscaler.scalingRules" -}}
- apiGroups: [autoscaling.example.com]
  resources: [generalscalers]
  verbs: [get, list, watch]
- apiGroups: [autoscaling.example.com]
  resources: [generalscalers/status]
  verbs: [patch]
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments/scale, statefulsets/scale]
  verbs: [get, patch]
{{- range .Values.targetKinds }}
- apiGroups: [{{ .apiGroup | quote }}]
  resources: [{{ .resource }}]
  verbs: [get, list, watch]
- apiGroups: [{{ .apiGroup | quote }}]
  resources: [{{ .resource }}/scale]
  verbs: [get, patch]
{{- end }}
# What else may scale a target.
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list, watch]
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [list, watch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if eq .Values.secrets.access "all" }}
# One by one, and used only where they carry the label autoscaling.example.com/readable: "true".
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
{{- if include "generalscaler.hasWebhook" . }}
# Whether who writes a GeneralScaler may read the Secrets that it refers to.
- apiGroups: [authorization.k8s.io]
  resources: [localsubjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}

{{- define "generalscaler.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "generalscaler.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* What a webhook takes outside of namespaces is asked for, where the operator is to have rights in some alone. */}}
{{- define "generalscaler.hasWebhook" -}}
{{- if and .Values.webhook.enabled (or (not .Values.watchNamespaces) .Values.webhook.withWatchNamespaces) }}true{{ end }}
{{- end }}

{{- /* Whether the operator makes the webhook's certificate itself. */}}
{{- define "generalscaler.keepsCertificate" -}}
{{- if and (include "generalscaler.hasWebhook" .) (not .Values.webhook.certificateSecret) }}true{{ end }}
{{- end }}

{{- define "generalscaler.hasPluginsConfig" -}}
{{- if or .Values.plugins.config .Values.plugins.existingSecret }}true{{ end }}
{{- end }}

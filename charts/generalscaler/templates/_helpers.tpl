{{- /* Shortens a text that is too long and appends a hash of the whole text, so that different texts stay different.
    Takes a list of the text and the maximum number of characters. */}}
{{- define "generalscaler.shortened" -}}
{{- $text := index . 0 }}
{{- $most := index . 1 }}
{{- if le (len $text) $most }}
{{- $text }}
{{- else }}
{{- printf "%s-%s" (trunc (int (sub $most 9)) $text | trimSuffix "-") (sha256sum $text | trunc 8) }}
{{- end }}
{{- end }}

{{- define "generalscaler.name" -}}
{{- include "generalscaler.shortened" (list (default .Chart.Name .Values.nameOverride | trimSuffix "-") 63) }}
{{- end }}

{{- /* The name of most objects. The rules are those of Services, which are the strictest: lower case, no dots, a letter
    first. The name of the chart is not repeated if the name of the release contains it. */}}
{{- define "generalscaler.fullname" -}}
{{- $name := include "generalscaler.name" . }}
{{- $full := printf "%s-%s" .Release.Name $name }}
{{- if .Values.fullnameOverride }}
{{- $full = .Values.fullnameOverride }}
{{- else if contains $name .Release.Name }}
{{- $full = .Release.Name }}
{{- end }}
{{- $full = trimSuffix "-" $full }}
{{- $allowed := regexReplaceAll "[^a-z0-9-]" (lower $full) "-" }}
{{- if not (regexMatch "^[a-z]" $allowed) }}
{{- $allowed = printf "r-%s" $allowed }}
{{- end }}
{{- if ne $allowed $full }}
{{- $allowed = printf "%s-%s" $allowed (sha256sum $full | trunc 8) }}
{{- end }}
{{- include "generalscaler.shortened" (list $allowed 63) }}
{{- end }}

{{- /* The webhook's Service, and the Secret with its certificate. */}}
{{- define "generalscaler.webhookName" -}}
{{- include "generalscaler.shortened" (list (printf "%s-webhook" (include "generalscaler.fullname" .)) 63) }}
{{- end }}

{{- /* The value of the label app.kubernetes.io/name of the pod of `helm test`, which the Service must not select. */}}
{{- define "generalscaler.testName" -}}
{{- include "generalscaler.shortened" (list (printf "%s-test" (include "generalscaler.name" .)) 63) }}
{{- end }}

{{- /* A version as a label value, which must not contain a plus sign or more than 63 characters. */}}
{{- define "generalscaler.versionLabel" -}}
{{- regexReplaceAll "[^A-Za-z0-9]+$" (replace "+" "_" . | trunc 63) "" | quote }}
{{- end }}

{{- define "generalscaler.selectorLabels" -}}
app.kubernetes.io/name: {{ include "generalscaler.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- define "generalscaler.labels" -}}
{{ include "generalscaler.selectorLabels" . }}
app.kubernetes.io/version: {{ include "generalscaler.versionLabel" .Chart.AppVersion }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ include "generalscaler.versionLabel" (printf "%s-%s" .Chart.Name .Chart.Version) }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Identifies this installation in every Prometheus: the Lease that its replicas share. */}}
{{- define "generalscaler.lease" -}}
{{- printf "%s/%s" .Release.Namespace (include "generalscaler.fullname" .) }}
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

{{- /* The operator's rights in every namespace that it manages. */}}
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
  resources: [{{ .resource | quote }}]
  verbs: [get, list, watch]
- apiGroups: [{{ .apiGroup | quote }}]
  resources: [{{ printf "%s/scale" .resource | quote }}]
  verbs: [get, patch]
{{- end }}
# Other autoscalers of a target.
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
{{ include "generalscaler.secretRules" . }}
{{- end }}
{{- if include "generalscaler.hasWebhook" . }}
# To check whether the author of a GeneralScaler has the right to the Secrets and tokens that it refers to.
- apiGroups: [authorization.k8s.io]
  resources: [localsubjectaccessreviews]
  verbs: [create]
{{- end }}
{{- end }}

{{- define "generalscaler.secretRules" -}}
# Get only, no list. A Secret is used only if it has the label autoscaling.example.com/readable: "true".
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}

{{- define "generalscaler.subjects" -}}
subjects:
  - kind: ServiceAccount
    name: {{ include "generalscaler.serviceAccountName" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}

{{- /* A webhook needs cluster-wide objects. With watchNamespaces, it must be enabled explicitly. */}}
{{- define "generalscaler.hasWebhook" -}}
{{- if and .Values.webhook.enabled (or (not .Values.watchNamespaces) .Values.webhook.withWatchNamespaces) }}true{{ end }}
{{- end }}

{{- /* Whether the operator creates the webhook's certificate itself. */}}
{{- define "generalscaler.keepsCertificate" -}}
{{- if and (include "generalscaler.hasWebhook" .) (not .Values.webhook.certificateSecret) }}true{{ end }}
{{- end }}

{{- define "generalscaler.hasPluginsConfig" -}}
{{- if or (include "generalscaler.writesPluginsConfig" .) .Values.plugins.existingSecret }}true{{ end }}
{{- end }}

{{- /* A label selector of Kubernetes in a CustomResourceDefinition. */}}
{{- define "generalscaler.labelSelectorSchema" -}}
type: object
properties:
  matchLabels:
    description: Labels and the values that they must have.
    type: object
    maxProperties: 64
    additionalProperties:
      type: string
      maxLength: 63
  matchExpressions:
    description: Conditions on labels.
    type: array
    maxItems: 64
    x-kubernetes-list-type: atomic
    items:
      type: object
      required: [key, operator]
      properties:
        key:
          description: The label.
          type: string
          minLength: 1
          maxLength: 317
        operator:
          description: How the label is compared.
          type: string
          enum: [In, NotIn, Exists, DoesNotExist]
        values:
          description: The values for In and NotIn.
          type: array
          maxItems: 64
          x-kubernetes-list-type: atomic
          items:
            type: string
            maxLength: 63
{{- end }}

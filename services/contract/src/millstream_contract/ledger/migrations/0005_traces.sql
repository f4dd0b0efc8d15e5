-- Where a response belongs in the traces: a later attempt joins the first one's (W3C traceparent), and
-- feedback that comes days later finds the trace that MLflow keeps.
ALTER TABLE responses ADD COLUMN traceparent text;
ALTER TABLE responses ADD COLUMN mlflow_trace_id text;

"""What the services answer, as pydantic models: one module a service, made from its OpenAPI document."""

// Addresses are relative to the page's own: whatever stands before /docs stands before /openapi.json.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // The default asks another host.
  validatorUrl: null,
});

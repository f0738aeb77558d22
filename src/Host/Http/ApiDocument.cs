using Microsoft.AspNetCore.Authorization;
using Microsoft.OpenApi;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>. An approved copy is in tests/Approved, so that a change of the API is reviewed as a diff.</summary>
internal static class ApiDocument
{
    /// <summary>Sets it up.</summary>
    public static void Add(IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "Rondo",
                Version = "v1",
                Description = "Devices, polling and readings of one Rondo server. Every error is application/problem+json.",
            };

            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
            document.Components.SecuritySchemes[BearerHandler.Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                Description = "A token of rondo tokens add. Each operation says which role it needs.",
            };

            // Only the client knows by which name it reaches this machine.
            document.Servers?.Clear();
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            if (context.Description.ActionDescriptor.EndpointMetadata.OfType<IAuthorizeData>().FirstOrDefault()?.Policy is { } role)
            {
                operation.Description = role == AccessPolicies.Anybody ? "Needs a token or a session." : $"Needs the role {role}.";
                operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(BearerHandler.Scheme, context.Document)] = [] }];
            }

            return Task.CompletedTask;
        });
        options.AddSchemaTransformer(async (schema, context, stop) =>
        {
            var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
            if (type == typeof(Instant))
            {
                (schema.Type, schema.Format) = (Optional(context.JsonTypeInfo.Type) | JsonSchemaType.String, "date-time");
                schema.Description = "An instant in UTC, ISO 8601, to the microsecond.";
            }
            else if (type == typeof(TimeSpan))
            {
                (schema.Type, schema.Format, schema.Pattern) = (Optional(context.JsonTypeInfo.Type) | JsonSchemaType.String, null, null);
                schema.Description = "A duration such as 500ms, 10s, 1h.";
            }
            else if (type == typeof(DeviceSpec))
            {
                var device = await context.GetOrCreateSchemaAsync(typeof(DeviceDocument), null, stop).ConfigureAwait(false);
                (schema.Type, schema.Properties, schema.Description) = (device.Type, device.Properties, device.Description);
            }
            else if (type == typeof(EndpointDocument) || type == typeof(GroupDocument) || type == typeof(PointDocument))
            {
                schema.Required = null;
            }
            else if (type.IsEnum)
            {
                schema.Type = JsonSchemaType.String;
            }
        });
    });

    private static JsonSchemaType Optional(Type type) => Nullable.GetUnderlyingType(type) is null ? default : JsonSchemaType.Null;
}

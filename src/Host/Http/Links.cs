using Microsoft.AspNetCore.Http.Extensions;

namespace Rondo.Host.Http;

/// <summary>Links within the API, and what every endpoint says about itself.</summary>
internal static class Links
{
    /// <summary>A path with the parameters that have a value.</summary>
    public static string With(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var query = new QueryBuilder();
        foreach (var (name, value) in parameters)
        {
            if (!string.IsNullOrEmpty(value))
            {
                query.Add(name, value);
            }
        }

        return path + query.ToQueryString();
    }

    /// <summary>Its operation id and its summary in the OpenAPI document, and the errors that anything may be answered with: by the guards at the door, for a bug.</summary>
    public static RouteHandlerBuilder Named(this RouteHandlerBuilder endpoint, string name, string summary) =>
        endpoint.WithName(name).WithSummary(summary).Problems(400, 403, 421, 500);

    /// <summary>The errors it may answer with.</summary>
    public static RouteHandlerBuilder Problems(this RouteHandlerBuilder endpoint, params ReadOnlySpan<int> statuses)
    {
        foreach (var status in statuses)
        {
            endpoint.Produces<Problem>(status, Problem.MediaType);
        }

        return endpoint;
    }
}

using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;

namespace Rondo.Host.Http;

/// <summary>One thing that is wrong in a body or a query.</summary>
/// <param name="Pointer">Where: a JSON pointer into the body (<c>/groups/0/interval</c>, empty for the whole), or the name of a query parameter.</param>
/// <param name="Message">What was found and what was expected.</param>
internal sealed record ProblemItem(string Pointer, string Message);

/// <summary>Every error of the API, as RFC 9457 wants it (<c>application/problem+json</c>).</summary>
internal sealed record Problem : IResult
{
    /// <summary>The media type of every error.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>Always <c>about:blank</c>: the status says what kind of error it is.</summary>
    public string Type { get; init; } = "about:blank";

    /// <summary>The status in words.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>What was attempted, what was found, and what to do.</summary>
    public required string Detail { get; init; }

    /// <summary>The path that was asked for.</summary>
    public string? Instance { get; init; }

    /// <summary>The request's correlation id, for the log.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>Each thing that is wrong, when it can be told one by one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<ProblemItem>? Errors { get; init; }

    /// <summary>Names like the one that was not found.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Near { get; init; }

    /// <summary>A problem with a status and a sentence.</summary>
    public static Problem Of(int status, string detail) => new() { Status = status, Title = ReasonPhrases.GetReasonPhrase(status), Detail = detail };

    /// <summary>404 with the names that are like it.</summary>
    public static Problem NotFound(string detail, IReadOnlyList<string> near) =>
        Of(StatusCodes.Status404NotFound, near.Count == 0 ? detail : $"{detail} There is: {string.Join(", ", near)}.") with { Near = near };

    /// <summary>422 with everything that is wrong.</summary>
    public static Problem Refused(string detail, IReadOnlyList<ProblemItem> errors) =>
        Of(StatusCodes.Status422UnprocessableEntity, detail) with { Errors = errors };

    /// <summary>What the framework answered with a bare status.</summary>
    public static Problem OfStatus(HttpContext context)
    {
        var (method, path) = (context.Request.Method, context.Request.Path);
        var status = context.Response.StatusCode;
        return Of(status, status switch
        {
            StatusCodes.Status404NotFound => $"There is nothing at {path}. What there is, is listed in /openapi/v1.json.",
            StatusCodes.Status405MethodNotAllowed => $"{path} does not take {method}; expected {context.Response.Headers.Allow}.",
            StatusCodes.Status415UnsupportedMediaType => $"{method} {path} takes a JSON body; expected the header Content-Type: application/json.",
            _ => $"{method} {path} was refused.",
        });
    }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var full = this with { Instance = httpContext.Request.Path, CorrelationId = RequestGuard.CorrelationOf(httpContext) };
        httpContext.Response.StatusCode = Status;
        return httpContext.Response.WriteAsJsonAsync(full, ApiJson.Options, MediaType, httpContext.RequestAborted);
    }
}

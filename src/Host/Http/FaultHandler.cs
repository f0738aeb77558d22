using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Turns what a handler could not deal with into a problem: a fault of the database, a body that cannot be had, or a bug.</summary>
internal sealed class FaultHandler(ILoggerFactory logs) : IExceptionHandler
{
    private readonly ILogger _log = logs.CreateLogger("rondo.http");
    private static readonly TimeSpan _retryAfter = TimeSpan.FromSeconds(2);

    /// <summary>That the database cannot be used. Its address, its user and what it said are for those who may see what a viewer sees.</summary>
    public static Problem Away(HttpContext context, StorageFault fault) => Problem.Of(
        StatusCodes.Status503ServiceUnavailable,
        context.MayView() ? fault.Message : "The database cannot be used at this moment. Why is told to viewers, and by the log of the server.");

    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        // The framework takes the endpoint from the request before it asks here.
        var endpoint = httpContext.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? httpContext.GetEndpoint();
        var problem = exception switch
        {
            StorageFault { Kind: StorageFaultKind.Conflict } fault => Problem.Of(StatusCodes.Status409Conflict, fault.Message),
            StorageFault fault => Away(httpContext, fault),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } when endpoint?.Metadata.GetMetadata<IRequestSizeLimitMetadata>() is { MaxRequestBodySize: { } most } => Problem.Of(
                StatusCodes.Status413PayloadTooLarge, $"The body is larger than {most / 1024} KiB, the most that is read here."),
            BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => Problem.Of(
                StatusCodes.Status413PayloadTooLarge, $"The body is larger than {HttpApi.MaxBody / (1024 * 1024)} MiB, the most that is read. Send devices one by one, or use rondo devices apply."),
            BadHttpRequestException fault => Problem.Of(fault.StatusCode, fault.Message),
            _ => Problem.Of(StatusCodes.Status500InternalServerError, "This is a bug in Rondo. The log has its details under the correlation id of this answer."),
        };
        if (problem.Status == StatusCodes.Status500InternalServerError)
        {
            HttpLog.Failed(_log, exception, httpContext.Request.Method, httpContext.Request.Path, RequestGuard.CorrelationOf(httpContext) ?? "");
        }

        if (exception is StorageFault { IsTransient: true })
        {
            httpContext.Response.Headers.RetryAfter = _retryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        }

        await problem.ExecuteAsync(httpContext).ConfigureAwait(false);
        return true;
    }
}

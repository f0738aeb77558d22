using System.Text;

namespace Rondo.Host.Http;

/// <summary>The body of a request as text, or what is wrong with it.</summary>
internal static class RequestBody
{
    private static readonly UTF8Encoding _strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads the whole body; the web server has bounded it to <see cref="HttpApi.MaxBody"/>.</summary>
    public static async Task<(string Text, Problem? Problem)> ReadAsync(HttpRequest request, CancellationToken stop)
    {
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes, stop).ConfigureAwait(false);
        if (bytes.Length == 0)
        {
            return ("", Problem.Of(StatusCodes.Status400BadRequest, $"{request.Method} {request.Path} needs a body; expected a JSON object."));
        }

        try
        {
            return (_strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length), null);
        }
        catch (DecoderFallbackException)
        {
            return ("", Problem.Of(StatusCodes.Status400BadRequest, $"The body of {request.Method} {request.Path} is not UTF-8, so it cannot be JSON."));
        }
    }
}

using Microsoft.AspNetCore.Http.Metadata;

namespace Rondo.Host.Http;

/// <summary>How large the body of a request may be; the framework bounds what is read by it, also of a body that does not say its length.</summary>
/// <param name="MaxRequestBodySize">Bytes.</param>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata
{
    /// <summary>For what is asked by whoever has no token yet: a name, a password, a code.</summary>
    public const int Small = 4 * 1024;
}

using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Rondo.Host.Http;

/// <summary>
/// The certificate of https, from PEM files. Looked at again at most once a minute: a renewed one is taken without a restart, one that cannot be read leaves the old one in place.
/// </summary>
internal sealed class TlsCertificate
{
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(1);
    private readonly string _certificate;
    private readonly string? _key;
    private readonly TimeProvider _time;
    private readonly ILogger? _log;
    private readonly Lock _gate = new();
    private SslServerAuthenticationOptions _options;
    private (DateTime, DateTime) _written;
    private long _lookedAt;

    /// <summary>Reads it.</summary>
    /// <exception cref="HttpStartException">It cannot be used.</exception>
    public TlsCertificate(string certificate, string? key, TimeProvider time, ILogger? log)
    {
        (_certificate, _key, _time, _log) = (certificate, key, time, log);
        _written = Written();
        _options = Load();
        _lookedAt = time.GetTimestamp();
    }

    /// <summary>What a new connection gets.</summary>
    public SslServerAuthenticationOptions Current
    {
        get
        {
            lock (_gate)
            {
                if (_time.GetElapsedTime(_lookedAt) >= _every)
                {
                    _lookedAt = _time.GetTimestamp();
                    Renew();
                }

                return _options;
            }
        }
    }

    private void Renew()
    {
        var written = Written();
        if (written == _written)
        {
            return;
        }

        try
        {
            _options = Load();
            _written = written;
        }
        catch (HttpStartException fault)
        {
            // Perhaps it is being written at this moment; the old one still serves.
            if (_log is not null)
            {
                HttpLog.CertificateStays(_log, fault.Message);
            }
        }
    }

    private SslServerAuthenticationOptions Load()
    {
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(_certificate, _key);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPemFile(_certificate);

            // By way of PKCS#12, since a key that was read from PEM is not taken everywhere.
            var whole = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
            return new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(whole, chain, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [SslApplicationProtocol.Http11],
            };
        }
        catch (Exception fault) when (fault is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new HttpStartException($"The certificate {_certificate} cannot be used: {fault.Message} Expected a PEM file, with its key in {_key ?? "the same file"}", fault);
        }
    }

    private (DateTime, DateTime) Written() => (File.GetLastWriteTimeUtc(_certificate), _key is null ? default : File.GetLastWriteTimeUtc(_key));
}

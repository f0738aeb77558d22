namespace Rondo.Imports.Files;

/// <summary>What is unpacked: ended when it comes to more than anybody wanted, or is broken.</summary>
/// <param name="inner">Unpacks.</param>
/// <param name="most">Bytes, at most.</param>
/// <param name="what">What it is for people: <c>gzip file</c>.</param>
/// <param name="with">Ended together with it, or null.</param>
internal sealed class BoundedStream(Stream inner, long most, string what, IDisposable? with = null) : Stream
{
    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        try
        {
            var read = inner.Read(buffer);
            _read += read;
            return _read <= most ? read : throw new ImportRefused($"the file unpacks to more than {most:N0} bytes; split it, or raise imports.max_unpacked");
        }
        catch (InvalidDataException fault)
        {
            throw new ImportRefused($"the {what} cannot be unpacked: {fault.Message} Hand it in again", fault);
        }
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            with?.Dispose();
        }

        base.Dispose(disposing);
    }
}

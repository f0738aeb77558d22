namespace Rondo.Live.Feed;

/// <summary>
/// The connection below a WebSocket, where frames that were made once for all clients are written as they are. What a server sends is not masked, so the bytes are the same for
/// everybody, and several kinds of writers (messages here; pongs and closes of the WebSocket itself) take turns, a frame each.
/// </summary>
internal sealed class FrameStream(Stream inner) : Stream
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Writes one frame, whole. Completes at once as long as the connection takes it.</summary>
    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_turn.Wait(0, CancellationToken.None))
        {
            return WriteLaterAsync(buffer, cancellationToken);
        }

        ValueTask writing;
        try
        {
            writing = inner.WriteAsync(buffer, cancellationToken);
        }
        catch
        {
            _turn.Release();
            throw;
        }

        if (!writing.IsCompletedSuccessfully)
        {
            return EndAsync(writing);
        }

        writing.GetAwaiter().GetResult();
        _turn.Release();
        return default;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException("a connection is written to without blocking");

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("a connection is read without blocking");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("a connection is written to without blocking");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }

    private async ValueTask WriteLaterAsync(ReadOnlyMemory<byte> buffer, CancellationToken stop)
    {
        await _turn.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            await inner.WriteAsync(buffer, stop).ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }

    private async ValueTask EndAsync(ValueTask writing)
    {
        try
        {
            await writing.ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}

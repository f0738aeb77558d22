using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Rondo.Host.Systemd;

/// <summary>
/// Tells systemd how this process is doing, in the protocol of sd_notify(3): one datagram of <c>KEY=value</c> lines to the socket named by
/// NOTIFY_SOCKET. Without that variable (started by hand, in a container, by another supervisor) every call does nothing and returns false.
/// A message that cannot be delivered is never an error of the program: the call returns false. Safe to call from any thread.
/// </summary>
public sealed class SystemdNotifier : IDisposable
{
    /// <summary>The longest a call may wait for a service manager that does not read its socket.</summary>
    private const int SendTimeoutMs = 500;

    private readonly Socket? _socket;

    private SystemdNotifier(Socket? socket, TimeSpan? watchdogTimeout)
    {
        _socket = socket;
        WatchdogTimeout = watchdogTimeout;
    }

    /// <summary>True when a service manager listens.</summary>
    public bool IsActive => _socket is not null;

    /// <summary>
    /// How long systemd waits for <see cref="Watchdog"/> before it ends and restarts this process (WATCHDOG_USEC); null when no watchdog
    /// is set for this process (WATCHDOG_PID names another). Call at half of it, as sd_watchdog_enabled(3) recommends.
    /// </summary>
    public TimeSpan? WatchdogTimeout { get; }

    /// <summary>Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of this process.</summary>
    public static SystemdNotifier FromEnvironment() => From(Environment.GetEnvironmentVariable, Environment.ProcessId);

    /// <summary>Reads the same variables from elsewhere, for a process with the given <paramref name="pid"/>.</summary>
    /// <param name="variable">Gives the value of an environment variable, or null.</param>
    /// <param name="pid">The process id that WATCHDOG_PID is compared with.</param>
    public static SystemdNotifier From(Func<string, string?> variable, int pid)
    {
        var socket = Connect(variable("NOTIFY_SOCKET"));
        return new SystemdNotifier(socket, socket is null ? null : ReadWatchdog(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), pid));
    }

    /// <summary>The program serves: units ordered after it may start. The status text appears in <c>systemctl status</c>.</summary>
    public bool Ready(string status) => Send($"READY=1\nSTATUS={OneLine(status)}");

    /// <summary>The program has begun to stop.</summary>
    public bool Stopping(string status) => Send($"STOPPING=1\nSTATUS={OneLine(status)}");

    /// <summary>One line about what the program is doing, shown by <c>systemctl status</c>.</summary>
    public bool Status(string status) => Send($"STATUS={OneLine(status)}");

    /// <summary>The program makes progress. To be called only when its loops really did: a process that is merely alive deserves a restart.</summary>
    public bool Watchdog() => Send("WATCHDOG=1");

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private static Socket? Connect(string? address)
    {
        // A path, or '@' and a name for Linux's abstract sockets, where the first byte is zero (unix(7)). Other kinds (vsock) are for machines, not services.
        if (string.IsNullOrEmpty(address) || address.Length < 2 || address[0] is not ('/' or '@'))
        {
            return null;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendTimeout = SendTimeoutMs };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address));
            return socket;
        }
        catch (Exception error) when (error is SocketException or ArgumentException)
        {
            // Nobody listens there, or the path is longer than a socket address can be.
            socket.Dispose();
            return null;
        }
    }

    private static TimeSpan? ReadWatchdog(string? microseconds, string? forPid, int pid)
    {
        var isForAnother = !string.IsNullOrEmpty(forPid) && forPid != pid.ToString(CultureInfo.InvariantCulture);
        var isNumber = long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var timeout);
        return isForAnother || !isNumber || timeout is <= 0 or > long.MaxValue / TimeSpan.TicksPerMicrosecond
            ? null
            : TimeSpan.FromTicks(timeout * TimeSpan.TicksPerMicrosecond);
    }

    /// <summary>A line break in a status would begin another assignment.</summary>
    private static string OneLine(string text) => text.ReplaceLineEndings(" ");

    private bool Send(string message)
    {
        if (_socket is null)
        {
            return false;
        }

        try
        {
            _socket.Send(Encoding.UTF8.GetBytes(message));
            return true;
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }
}

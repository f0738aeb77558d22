using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Rondo.Host.Systemd;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>sd_notify against a real datagram socket, and the shipped unit against systemd's own checker.</summary>
public sealed class SystemdTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly Socket _manager = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };

    private string SocketPath => _folder.At("notify.sock");

    public void Dispose()
    {
        _manager.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Ready_status_watchdog_and_stopping_arrive_as_systemd_reads_them()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = Notifier(("NOTIFY_SOCKET", SocketPath));
        Assert.True(notifier.IsActive);
        Assert.True(notifier.Ready("polling 3 devices"));
        Assert.Equal("READY=1\nSTATUS=polling 3 devices", Receive());
        Assert.True(notifier.Status("12 slots/s"));
        Assert.Equal("STATUS=12 slots/s", Receive());
        Assert.True(notifier.Watchdog());
        Assert.Equal("WATCHDOG=1", Receive());
        Assert.True(notifier.Stopping("releasing endpoints"));
        Assert.Equal("STOPPING=1\nSTATUS=releasing endpoints", Receive());
    }

    [Fact]
    public void An_abstract_socket_is_reached_by_its_name()
    {
        var name = $"rondo-test-{Guid.NewGuid():N}";
        _manager.Bind(new UnixDomainSocketEndPoint("\0" + name));
        using var notifier = Notifier(("NOTIFY_SOCKET", "@" + name));
        Assert.True(notifier.Watchdog());
        Assert.Equal("WATCHDOG=1", Receive());
    }

    [Fact]
    public void A_line_break_in_a_status_cannot_smuggle_an_assignment()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = Notifier(("NOTIFY_SOCKET", SocketPath));
        notifier.Status("one\nMAINPID=1\r\ntwo");
        Assert.Equal("STATUS=one MAINPID=1 two", Receive());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("@")]
    [InlineData("relative.sock")]
    [InlineData("vsock:2:1234")]
    [InlineData("/nobody/listens/here.sock")]
    public void Without_a_socket_every_call_does_nothing(string? address)
    {
        using var notifier = Notifier(("NOTIFY_SOCKET", address), ("WATCHDOG_USEC", "30000000"));
        Assert.False(notifier.IsActive);
        Assert.Null(notifier.WatchdogTimeout);
        Assert.False(notifier.Ready("ready"));
        Assert.False(notifier.Watchdog());
    }

    [Fact]
    public void An_address_too_long_for_a_socket_is_no_socket()
    {
        using var notifier = Notifier(("NOTIFY_SOCKET", "/" + new string('x', 200)));
        Assert.False(notifier.IsActive);
    }

    [Fact]
    public void A_service_manager_that_goes_away_is_no_error()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = Notifier(("NOTIFY_SOCKET", SocketPath));
        _manager.Dispose();
        Assert.False(notifier.Watchdog());
        notifier.Dispose();
        Assert.False(notifier.Watchdog());
    }

    [Fact]
    public void A_service_manager_that_does_not_read_cannot_hang_the_caller()
    {
        _manager.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = Notifier(("NOTIFY_SOCKET", SocketPath));
        var sent = 0;
        while (notifier.Watchdog())
        {
            Assert.True(++sent < 100_000, "the socket never filled");
        }

        Assert.Equal("WATCHDOG=1", Receive());
        Assert.True(notifier.Watchdog());
    }

    [Theory]
    [InlineData("30000000", null, 30.0)]
    [InlineData("30000000", "4711", 30.0)]
    [InlineData("500000", "", 0.5)]
    [InlineData("30000000", "4712", null)]
    [InlineData(null, null, null)]
    [InlineData("0", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("soon", null, null)]
    [InlineData("9223372036854775807", null, null)]
    public void The_watchdog_applies_to_the_process_it_names(string? microseconds, string? forPid, double? seconds)
    {
        _manager.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using var notifier = Notifier(("NOTIFY_SOCKET", SocketPath), ("WATCHDOG_USEC", microseconds), ("WATCHDOG_PID", forPid));
        Assert.Equal(seconds, notifier.WatchdogTimeout?.TotalSeconds);
    }

    [Fact]
    public async Task Systemd_finds_nothing_wrong_with_the_shipped_unit()
    {
        var analyze = Requires.Program("systemd-analyze", "systemd");
        // The checker wants the program to be there; the unit's own path is there only after an installation.
        var program = _folder.At("rondo");
        File.Copy(Requires.Program("true", "coreutils"), program);
        var shipped = await File.ReadAllTextAsync(Repository.At("deploy", "systemd", "rondo.service"));
        Assert.Contains("/usr/lib/rondo/rondo serve", shipped, StringComparison.Ordinal);
        var unit = _folder.Write("rondo.service", shipped.Replace("/usr/lib/rondo/rondo", program, StringComparison.Ordinal));

        var (code, said) = await RunAsync(analyze, "verify", "--man=no", unit);
        Assert.Equal("", said);
        Assert.Equal(0, code);

        // The checker itself must be able to fail, or the above says nothing.
        var broken = _folder.Write("broken.service", $"{shipped}\n[Service]\nWatchdogSecs=1\n");
        Assert.NotEqual("", (await RunAsync(analyze, "verify", "--man=no", broken)).Said);
    }

    [Fact]
    public async Task The_user_of_the_unit_is_the_user_that_sysusers_makes()
    {
        var sysusers = Requires.Program("systemd-sysusers", "systemd");
        Directory.CreateDirectory(_folder.At("etc"));
        var (code, said) = await RunAsync(sysusers, $"--root={_folder.Path}", Repository.At("deploy", "systemd", "rondo.sysusers"));
        Assert.True(code == 0, said);
        Assert.Contains(await File.ReadAllLinesAsync(_folder.At("etc/passwd")), line => line.StartsWith("rondo:", StringComparison.Ordinal));
        Assert.Contains("User=rondo", await File.ReadAllLinesAsync(Repository.At("deploy", "systemd", "rondo.service")));
    }

    private static SystemdNotifier Notifier(params (string Name, string? Value)[] variables) =>
        SystemdNotifier.From(name => variables.FirstOrDefault(variable => variable.Name == name).Value, pid: 4711);

    private static async Task<(int Code, string Said)> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        using var bound = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var output = process.StandardOutput.ReadToEndAsync(bound.Token);
        var errors = process.StandardError.ReadToEndAsync(bound.Token);
        try
        {
            await process.WaitForExitAsync(bound.Token);
            return (process.ExitCode, (await output + await errors).Trim());
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private string Receive()
    {
        var buffer = new byte[4096];
        return Encoding.UTF8.GetString(buffer, 0, _manager.Receive(buffer));
    }
}

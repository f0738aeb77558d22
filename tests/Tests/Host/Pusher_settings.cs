using Rondo.Host.Commands;
using Rondo.Host.Settings;
using Rondo.Live.Pusher;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>The application of Pusher as it is set: whole or not at all, and its secret stays secret.</summary>
public sealed class Pusher_settings : IDisposable
{
    private const string Secret = "geheim-geheim-geheim";
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_three_are_set_or_none()
    {
        Assert.Null(Read().Settings!.Pusher.Load());
        var app = Read(("pusher.id", "3"), ("pusher.key", "key"), ("pusher.secret", Secret)).Settings!.Pusher.Load()!;
        Assert.Equal(("3", "key"), (app.Id, app.Key));
        foreach (var some in new (string, string)[][]
        {
            [("pusher.id", "3")], [("pusher.secret", Secret)], [("pusher.id", "3"), ("pusher.key", "key")], [("pusher.id", "3"), ("pusher.key", "a key"), ("pusher.secret", Secret)],
            [("pusher.id", "3"), ("pusher.key", "key"), ("pusher.secret", "short")], [("pusher.id", "3"), ("pusher.key", "key"), ("pusher.secret", "file:pusher.secret")],
        })
        {
            var problem = Assert.Single(Read(some).Problems);
            Assert.Contains("pusher", problem, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_secret_is_never_shown()
    {
        var run = new CommandRun(_folder);
        run.Variables["RONDO_PUSHER_ID"] = "3";
        run.Variables["RONDO_PUSHER_KEY"] = "key";
        run.Variables["RONDO_PUSHER_SECRET"] = Secret;
        foreach (var more in new string[][] { [], ["--json"] })
        {
            await run.GoodAsync(["config", "show", .. more]);
            Assert.Contains("pusher.secret", run.Output, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, run.Output + run.Error, StringComparison.Ordinal);
        }

        run.Variables["RONDO_PUSHER_SECRET"] = "file:/etc/rondo/pusher.secret";
        await run.GoodAsync("config", "show");
        Assert.Contains("file:/etc/rondo/pusher.secret", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_the_secret_is_its_owners_alone()
    {
        var file = _folder.Write("pusher.secret", Secret + "\n");
        SetMode(file, UnixFileMode.UserRead);
        Assert.Equal(new PusherApp("3", "key", Secret).Sign("x"), Load(file)!.Sign("x"));
        SetMode(file, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        Assert.Contains("chmod 600", Assert.Throws<CommandFault>(() => Load(file)).Message, StringComparison.Ordinal);
        Assert.Contains("cannot be read", Assert.Throws<CommandFault>(() => Load(_folder.At("none"))).Message, StringComparison.Ordinal);
        var empty = _folder.Write("empty.secret", "");
        SetMode(empty, UnixFileMode.UserRead);
        Assert.Contains("secret of", Assert.Throws<CommandFault>(() => Load(empty)).Message, StringComparison.Ordinal);
    }

    private static void SetMode(string file, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, mode);
        }
    }

    private PusherApp? Load(string file) => Read(("pusher.id", "3"), ("pusher.key", "key"), ("pusher.secret", "file:" + file)).Settings!.Pusher.Load();

    private SettingsReading Read(params (string Key, string Text)[] given) => SettingsReader.Read(new SettingsSources
    {
        Variable = _ => null, UsualFile = _folder.At("none.json"), CommandLine = [.. given.Select(g => (g.Key, "--test", (string?)g.Text))],
    });
}

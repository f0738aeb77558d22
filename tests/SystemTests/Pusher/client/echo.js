// A front-end and a back-end as users of Laravel have them: the real laravel-echo and pusher-js listen, the real pusher library publishes.
// What happens is printed, one JSON object a line; what to connect to comes by the environment.
import Echo from 'laravel-echo';
import PusherClient from 'pusher-js';
import PusherServer from 'pusher';

const { RONDO_PORT: port, RONDO_AUTH_PORT: authPort = port, RONDO_ADMIN: admin, RONDO_VIEWER: viewer, RONDO_DEVICE: device, PUSHER_APP_ID: appId, PUSHER_APP_KEY: key, PUSHER_APP_SECRET: secret } = process.env;
const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));

// As resources/js/echo.js has it, but for the host.
const echoOf = token => new Echo({
  broadcaster: 'pusher',
  Pusher: PusherClient,
  key,
  cluster: 'mt1',
  wsHost: '127.0.0.1',
  wsPort: Number(port),
  wssPort: Number(port),
  forceTLS: false,
  disableStats: true,
  enabledTransports: ['ws', 'wss'],
  authEndpoint: `http://127.0.0.1:${authPort}/broadcasting/auth`,
  auth: { headers: { Authorization: `Bearer ${token}` } },
});

const backEnd = new PusherServer({ appId, key, secret, host: '127.0.0.1', port, useTLS: false });

const echo = echoOf(admin);
const connection = echo.connector.pusher.connection;
connection.bind('error', error => say('error', { code: error?.error?.data?.code ?? error?.data?.code }));
connection.bind('state_change', change => say('state', { state: change.current }));
echo.private('admin-notifications')
  .subscribed(() => say('subscribed'))
  .listen('.payment.processed', data => say('heard', { name: 'payment.processed', data }))
  .listen('.not.for.me', data => say('heard', { name: 'not.for.me', data }))
  .listen('.order.paid', data => say('heard', { name: 'order.paid', data }))
  .listen('OrderShipped', data => say('heard', { name: 'OrderShipped', data }));
let readings = 0;
echo.private(`devices.${device}`).listen('.metric_collected', data => {
  if (++readings === 3) {
    say('readings', { device: data.device, metrics: data.readings.map(r => r.metric) });
  }
});

const other = echoOf(viewer);
other.private('admin-notifications')
  .subscribed(() => say('viewer-subscribed'))
  .error(error => say('refused', { status: error.status }));

// The back-end publishes once the first event has come, as itself and as Laravel's broadcaster does it.
echo.private('admin-notifications').listen('.payment.processed', async () => {
  await backEnd.trigger('private-admin-notifications', 'not.for.me', {}, { socket_id: echo.socketId() });
  const answer = await backEnd.trigger('private-admin-notifications', 'order.paid', { amount: 100 });
  say('published', { status: answer.status });
  await backEnd.triggerBatch([{ channel: 'private-admin-notifications', name: 'App\\Events\\OrderShipped', data: { id: 7 } }]);
  const channels = await (await backEnd.get({ path: '/channels', params: { info: 'subscription_count', filter_by_prefix: 'private-admin' } })).json();
  say('channels', channels);
  try {
    await new PusherServer({ appId, key, secret: secret + 'x', host: '127.0.0.1', port, useTLS: false }).trigger('private-admin-notifications', 'forged', {});
    say('forged-accepted');
  } catch (error) {
    say('forged', { status: error.status });
  }
});

// The test ends it; this is the bound for when it cannot.
setTimeout(() => process.exit(2), 120_000);

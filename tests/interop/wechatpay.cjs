// An unchanged wechatpay-axios-plugin against the sandbox: place, query, close, and a tampered certificate refused.
// usage: node wechatpay.cjs BASE_URL KEYS_FOLDER
const fs = require('fs');
const path = require('path');
const assert = require('assert');
const { Wechatpay } = require('wechatpay-axios-plugin');

const [base, folder] = process.argv.slice(2);
const keys = JSON.parse(fs.readFileSync(path.join(folder, 'keys.json')));
const merchant = keys.merchants[0];
const client = (certificate) => new Wechatpay({
  baseURL: base + '/',
  mchid: merchant.mchid,
  serial: merchant.serial_no,
  privateKey: fs.readFileSync(path.join(folder, merchant.private_key)),
  certs: { [keys.platform_serial]: certificate },
});
const good = client(fs.readFileSync(path.join(folder, 'platform-cert.pem')));

async function main() {
  const number = 'INTEROP' + Date.now();
  const order = {
    appid: 'wx5uanpan00000001', mchid: merchant.mchid, description: '互通测试', out_trade_no: number,
    notify_url: 'https://pay.example/notify', amount: { total: 100, currency: 'CNY' },
  };
  const placed = await good.v3.pay.transactions.native.post(order);
  assert.strictEqual(placed.status, 200);
  assert.match(placed.data.code_url, /^weixin:/);
  const params = { params: { mchid: merchant.mchid } };
  const asked = await good.v3.pay.transactions.outTradeNo['{no}'].get({ ...params, no: number });
  assert.strictEqual(asked.data.trade_state, 'NOTPAY');
  const closed = await good.v3.pay.transactions.outTradeNo['{no}'].close.post({ mchid: merchant.mchid }, { no: number });
  assert.strictEqual(closed.status, 204);
  const after = await good.v3.pay.transactions.outTradeNo['{no}'].get({ ...params, no: number });
  assert.strictEqual(after.data.trade_state, 'CLOSED');
  await assert.rejects(good.v3.pay.transactions.native.post({ ...order, amount: { total: 101, currency: 'CNY' } }),
    (error) => error.response.status === 403 || error.response.status === 400);
  // The check can fail: an answer signed by another key is refused by the client.
  const wrong = client(fs.readFileSync(path.join(folder, `merchant-${merchant.mchid}-cert.pem`)));
  await assert.rejects(wrong.v3.pay.transactions.outTradeNo['{no}'].get({ ...params, no: number }), 
    (error) => /Verify the response/.test(error.message));
  console.log('6 passed, 0 failed');
}

main().catch((error) => {
  console.error(error.response ? JSON.stringify(error.response.data) : error);
  console.log('0 passed, 1 failed');
  process.exit(1);
});

import Crypto
import HTTP
import Runtime
import Testing

@testable import Alerter

struct DeliveryTests {
    @Test func `The signature is Standard Webhooks'`() {
        // The example of the specification's own libraries.
        let key = StandardWebhook.key(of: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let signature = StandardWebhook.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1_614_265_330, body: "{\"test\": 2432232314}", key: key)
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(StandardWebhook.key(of: "plain text") == Array("plain text".utf8))
    }

    @Test func `Where nobody listens nothing can have arrived`() async throws {
        let client = HTTPClient(logger: Logger(service: "test", sink: { _ in }))
        defer { client.close() }
        let settings = WebhookSettings(
            name: "webhook", url: "http://127.0.0.1:1/", key: nil, timeout: .seconds(10), allowPrivate: true)
        let delivery = Delivery(
            id: "msg", fingerprint: "f", rule: "r", instance: "x", startsAt: 0, kind: .trigger, receiver: "webhook",
            body: "{}", createdAt: 0, notBefore: 0)
        let outcome = await WebhookClient(settings: settings, client: client).send(
            delivery, at: Moment(wall: 0, steady: 0))
        guard case .retry(nil, nil, mayHaveArrived: false, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
    }

    @Test(arguments: ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
    func `Public addresses`(address: String) {
        #expect(PublicAddress.isPublic(address))
    }

    @Test(arguments: [
        "127.0.0.1", "127.255.0.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",
        "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.7", "198.18.0.1", "::1", "::", "fe80::1",
        "fd00::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
        "2001:db8::1", "::127.0.0.1", "localhost", "", "127.1",
    ])
    func `Addresses that a user's webhook must not reach`(address: String) {
        #expect(!PublicAddress.isPublic(address))
    }
}

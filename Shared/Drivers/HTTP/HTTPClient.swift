import CCurl
import Glibc
public import Runtime
import Synchronization

/// An HTTP client: libcurl's multi interface on one thread of its own, which keeps connections to be used again.
/// Certificates are verified, redirects are not followed, the environment's proxies are not used.
public final class HTTPClient: Sendable {
    private let loop: TransferLoop

    /// A client. With `permits`, an address is connected to only when it says so: it gets the numeric address after the
    /// name was looked up, so that a name cannot point at one address when checked and at another when used.
    public init(logger: Logger, permits: (@Sendable (_ address: String) -> Bool)? = nil) {
        loop = TransferLoop(logger: logger, permits: permits)
        loop.start()
    }

    deinit { loop.close() }

    /// Sends a request and waits for the whole answer; any status is an answer. Cancelling the task ends the transfer.
    public func send(_ request: HTTPClientRequest) async throws(HTTPError) -> HTTPResponse {
        let loop = self.loop
        let id = loop.nextID()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.submit(
                    Transfer(id: id, request: request, permits: loop.permits, continuation: continuation))
            }
        } onCancel: {
            loop.cancel(id)
        }
        loop.forget(id)
        return try result.get()
    }

    /// Ends every transfer and the thread. Requests after it fail with `closed`.
    public func close() { loop.close() }
}

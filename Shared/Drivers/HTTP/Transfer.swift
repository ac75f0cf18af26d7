import CCurl
import Glibc

/// One request on its way through libcurl.
///
/// `@unchecked Sendable`: made by the caller, handed over through the client's lock, and from then on touched by the
/// client's thread alone, on which libcurl also calls its callbacks.
final class Transfer: @unchecked Sendable {
    let id: UInt64
    private(set) var easy: UnsafeMutableRawPointer?
    private let request: HTTPClientRequest
    private let permits: (@Sendable (String) -> Bool)?
    private let continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>
    private var fields: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private let gate: UnsafeMutablePointer<pga_curl_gate>
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var excess: String?
    /// The status of the answer itself; nil while only interim ones came.
    private var status: Int?
    private var refusedAddress: String?
    private static let errorSize = Int(CURL_ERROR_SIZE)
    private static let headerLimit = 64 * 1024

    init(
        id: UInt64, request: HTTPClientRequest, permits: (@Sendable (String) -> Bool)?,
        continuation: CheckedContinuation<Result<HTTPResponse, HTTPError>, Never>
    ) {
        self.id = id
        self.request = request
        self.permits = permits
        self.continuation = continuation
        errorText = .allocate(capacity: Self.errorSize)
        errorText.initialize(repeating: 0, count: Self.errorSize)
        gate = .allocate(capacity: 1)
    }

    deinit {
        if let easy { curl_easy_cleanup(easy) }
        curl_slist_free_all(fields)
        errorText.deallocate()
        gate.deallocate()
    }

    /// Makes the easy handle; libcurl is given this object unretained, the client keeps it while it is under way.
    func prepare() throws(HTTPError) -> UnsafeMutableRawPointer {
        try check()
        guard let easy = curl_easy_init() else { throw HTTPError(.library, "libcurl has no memory for a request") }
        self.easy = easy
        let me = Unmanaged.passUnretained(self).toOpaque()
        var codes: [CURLcode] = []
        func set(_ option: CURLoption, _ value: Int) { codes.append(pga_curl_set_long(easy, option, value)) }
        func set(_ option: CURLoption, _ value: String) {
            codes.append(value.withCString { pga_curl_set_pointer(easy, option, $0) })
        }
        func set(_ option: CURLoption, _ value: UnsafeRawPointer?) {
            codes.append(pga_curl_set_pointer(easy, option, value))
        }

        set(CURLOPT_PRIVATE, UnsafeRawPointer(me))
        set(CURLOPT_ERRORBUFFER, UnsafeRawPointer(errorText))
        // Without it libcurl raises SIGALRM in some thread of the process for a slow name lookup.
        set(CURLOPT_NOSIGNAL, 1)
        // Else the end of a request waits, and with it our thread and all others, until the DNS has answered its lookup.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_URL, request.url)
        // The URL may come from a person: no file://, no gopher://, and no redirect to anywhere else.
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_FOLLOWLOCATION, 0)
        // Empty, not unset: else http_proxy of the environment would be used, and the address check with it undone.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_TIMEOUT_MS, milliseconds(request.timeout))
        set(CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds(request.timeout), 10_000))
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        codes.append(pga_curl_set_data_callback(easy, CURLOPT_WRITEFUNCTION, httpClientBody))
        set(CURLOPT_WRITEDATA, UnsafeRawPointer(me))
        codes.append(pga_curl_set_data_callback(easy, CURLOPT_HEADERFUNCTION, httpClientHeader))
        set(CURLOPT_HEADERDATA, UnsafeRawPointer(me))
        if permits != nil {
            gate.initialize(to: pga_curl_gate(context: me, permits: httpClientPermits))
            codes.append(pga_curl_set_gate(easy, gate))
        }
        setBody(set, set)
        for field in request.headers.fields {
            // "Name;" is how libcurl is told to send a field without a value.
            fields = curl_slist_append(fields, field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // Else a body over 1 MiB waits a second for a 100 Continue that few receivers send.
        fields = curl_slist_append(fields, "Expect:")
        set(CURLOPT_HTTPHEADER, UnsafeRawPointer(fields))
        if let wrong = codes.first(where: { $0 != CURLE_OK }) {
            throw HTTPError(.library, "libcurl refuses an option: \(String(cString: curl_easy_strerror(wrong)))")
        }
        return easy
    }

    private func setBody(_ setNumber: (CURLoption, Int) -> Void, _ setText: (CURLoption, String) -> Void) {
        if let bytes = request.body, let easy {
            _ = pga_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(bytes.count))
            bytes.withUnsafeBytes {
                _ = pga_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(errorText))
            }
        }
        if request.method == "HEAD" {
            setNumber(CURLOPT_NOBODY, 1)
        } else if !(request.method == "GET" && request.body == nil) {
            setText(CURLOPT_CUSTOMREQUEST, request.method)
        }
    }

    private func check() throws(HTTPError) {
        let url = request.url
        guard url.hasPrefix("http://") || url.hasPrefix("https://"), url.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            throw HTTPError(.malformed, "\(request.place) is not an absolute http or https URL in ASCII")
        }
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(isTokenByte) else {
            throw HTTPError(.malformed, "the method of a request to \(request.place) is not a token")
        }
        for field in request.headers.fields where !HTTPHeaders.isValid(name: field.name, value: field.value) {
            throw HTTPError(.malformed, "the header \"\(field.name)\" for \(request.place) holds a control character")
        }
    }

    // MARK: libcurl's callbacks

    /// A piece of the body; false when it is more than was asked for.
    func received(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard body.count + bytes.count <= request.maxResponseBytes else {
            body.append(contentsOf: bytes.prefix(request.maxResponseBytes - body.count))
            excess = "the answer of \(request.place) is larger than \(request.maxResponseBytes) bytes"
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// A line of the head.
    func receivedHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytes += bytes.count
        guard headerBytes <= Self.headerLimit else {
            excess = "the header of \(request.place)'s answer is larger than \(Self.headerLimit) bytes"
            return false
        }
        let line = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).first ?? ""
        if line.hasPrefix("HTTP/") {
            headers = [:]  // what came before belonged to an interim answer
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) }.flatMap { $0 < 200 ? nil : $0 }
        } else if let colon = line.firstIndex(of: ":") {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            headers.add(String(line[..<colon]), String(value))
        }
        return true
    }

    /// Whether this address may be connected to.
    func permitted(_ address: UnsafePointer<sockaddr>?) -> Bool {
        let text = numericAddress(address)
        guard let permits, permits(text) else {
            refusedAddress = text
            return false
        }
        return true
    }

    // MARK: the end

    /// Resumes the caller with what came of it.
    func finish(_ code: CURLcode) {
        let answered = request.isAnsweredByStatus ? status : nil
        guard let easy, code == CURLE_OK || answered != nil else { return fail(error(code)) }
        let status = answered ?? pga_curl_get_long(easy, CURLINFO_RESPONSE_CODE)
        let peer = pga_curl_get_string(easy, CURLINFO_PRIMARY_IP).map { String(cString: $0) }
        continuation.resume(
            returning: .success(HTTPResponse(status: status, headers: headers, body: body, peerAddress: peer)))
    }

    /// Resumes the caller with a failure.
    func fail(_ error: HTTPError) { continuation.resume(returning: .failure(error)) }

    private func error(_ code: CURLcode) -> HTTPError {
        let place = request.place
        if let excess { return HTTPError(.tooLarge, excess) }
        if let refusedAddress {
            return HTTPError(.forbiddenAddress, "\(place) is at \(refusedAddress), which is not allowed here")
        }
        // The library's text may quote the URL's path, which can be a secret: it is only used where it cannot.
        let reason = String(cString: curl_easy_strerror(code))
        let detail = errorText[0] == 0 ? reason : String(cString: errorText)
        // Of all attempts: libcurl itself repeats a request whose kept connection turns out to be broken.
        let wasSent = easy.map { pga_curl_get_long($0, CURLINFO_REQUEST_SIZE) > 0 } ?? false
        switch code {
        case CURLE_OPERATION_TIMEDOUT where !wasSent:
            return HTTPError(.connect, "\(place): no connection came about in time")
        case CURLE_OPERATION_TIMEDOUT:
            return HTTPError(.timeout, "\(place) did not answer within \(request.timeout)")
        case CURLE_COULDNT_RESOLVE_HOST:
            return HTTPError(.resolve, "\(place): the name has no address; check its spelling and the DNS")
        case CURLE_COULDNT_CONNECT where !wasSent:
            return HTTPError(.connect, "\(place): \(detail)")
        case CURLE_COULDNT_CONNECT, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE:
            return HTTPError(.connection, "\(place): \(detail)")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE:
            return HTTPError(.tls, "\(place): \(detail)")
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return HTTPError(.malformed, "\(place) is not a valid http or https URL")
        default:
            return HTTPError(.library, "\(place): \(reason)")
        }
    }
}

private func milliseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = duration.components
    return max(
        1,
        Int(clamping: seconds).multipliedReportingOverflow(by: 1000).partialValue
            + Int(attoseconds / 1_000_000_000_000_000))
}

private func transfer(_ context: UnsafeMutableRawPointer?) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
}

@c func httpClientBody(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context).received(piece) ? piece.count : -1
}

@c func httpClientHeader(
    _ bytes: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let piece = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context).receivedHeader(piece) ? piece.count : -1
}

@c func httpClientPermits(_ context: UnsafeMutableRawPointer?, _ address: UnsafePointer<sockaddr>?) -> CInt {
    transfer(context).permitted(address) ? 1 : 0
}

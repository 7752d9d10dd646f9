#!/bin/sh
# SeaweedFS of docker-compose.yml: one process, of which containers in its network reach S3 (8333) and that server's gRPC
# (18333, which listens where S3 does and asks for no password).
#   S3_SECRET   the secret of the key `store`
set -eu

cat >/tmp/s3.json <<END
{"identities": [{
    "name": "store",
    "credentials": [{"accessKey": "store", "secretKey": "$S3_SECRET"}],
    "actions": ["Read:images", "Write:images", "List:images"]
}]}
END
weed server -ip=127.0.0.1 -ip.bind=127.0.0.1 -s3.ip.bind=0.0.0.0 -dir=/data -filer -s3 -s3.config=/tmp/s3.json \
    -s3.iam=false -s3.port.iceberg=0 -s3.port.lance=0 -master.volumeSizeLimitMB=1024 -volume.max=0 \
    -volume.preStopSeconds=1 -master.telemetry=false &
server=$!
trap 'kill $server' TERM INT

until echo "s3.bucket.list" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888 2>/dev/null | grep -q '\bimages\b'; do
    kill -0 $server
    echo "s3.bucket.create -name images" | weed shell -master=127.0.0.1:9333 -filer=127.0.0.1:8888 || sleep 1
done
touch /tmp/ready
# A signal ends the first wait, the end of the server the second one.
wait $server || true
wait $server

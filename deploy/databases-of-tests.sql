-- MySQL runs this at each start (docker-compose.yml), before the image has made the account at its very first one.
-- The account store may then make and drop databases for tests, whose names begin with test_.
SET @grant = (SELECT IF(COUNT(*) > 0, 'GRANT ALL ON `test\\_%`.* TO store@`%`', 'DO 0') FROM mysql.user WHERE user = 'store' AND host = '%');
PREPARE statement FROM @grant;
EXECUTE statement;
DEALLOCATE PREPARE statement;
